// To be imported before Alpine. Its build without eval reads every global, to keep page expressions away from them, and
// reading `fence`, which Chromium is giving up, counts as using it. Nothing here needs it.
delete (globalThis as { fence?: unknown }).fence;
