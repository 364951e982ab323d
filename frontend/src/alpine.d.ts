// The build of Alpine that needs no eval has the same interface as the plain one.
declare module "@alpinejs/csp" {
  import Alpine from "alpinejs";
  export default Alpine;
}
