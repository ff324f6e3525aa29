// Runs before the first paint, so that a dark page never flashes white. A file of its own: the content security
// policy allows no inline script. src/theme/theme.ts keeps the choice.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("motorcade.theme");
  } catch (_) {
    // Storage can be forbidden; the system's choice holds then.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
