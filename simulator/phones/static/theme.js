// Light, dark, or as the system says.

import { h, icon } from "./dom.js";

const SUN = ["M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8z", "M12 2v2", "M12 20v2", "M2 12h2", "M20 12h2",
  "M5 5l1.500 1.500", "M17.500 17.500L19 19", "M5 19l1.500-1.500", "M17.500 6.500L19 5"];
const NEXT = { system: "light", light: "dark", dark: "system" };
const KEY = "nudges.theme";

/** Put the switch among the controls and restore what was chosen last. */
export function buildTheme() {
  const word = h("span", {});
  const button = h("button", { type: "button", class: "opener" }, icon(...SUN), word);
  const show = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    word.textContent = theme[0].toUpperCase() + theme.slice(1);
    button.title = `Colours: ${theme}. Press for ${NEXT[theme]}`;
    button.setAttribute("aria-label", button.title);
  };
  let theme = localStorage.getItem(KEY);
  if (!(theme in NEXT)) theme = "system";
  show(theme);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    localStorage.setItem(KEY, theme);
    show(theme);
  });
  document.getElementById("controls").append(button);
}
