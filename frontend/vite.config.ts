import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";

// Relative base: the files are served wherever STATIC_URL points, also from a CDN.
export default defineConfig({
  base: "./",
  plugins: [tailwindcss()],
  build: {
    outDir: "../src/zhiyue/experience/shell/static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: ["chrome111", "safari16.4", "firefox128"],
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { site: "src/site.ts", charts: "src/charts.ts", desk: "src/desk.ts", passkeys: "src/passkeys.ts", share: "src/share.ts", studio: "src/studio.ts" },
    },
  },
});
