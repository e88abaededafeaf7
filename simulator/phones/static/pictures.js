// Pictures to send: three that are drawn here, or a file.

import { h, icon } from "./dom.js";
import { menu } from "./menus.js";

const PICTURE = ["M4 5h16v14H4z", "M4 16l5-5l4 4l3-3l4 4", "M15.500 9h.010"];
const WIDTH = 480;
const HEIGHT = 360;

function disc(context, x, y, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function pizza(context) {
  disc(context, 240, 180, 150, "#c98a3e");
  disc(context, 240, 180, 132, "#c8402b");
  disc(context, 240, 180, 122, "#f4cf6b");
  for (let slice = 0; slice < 7; slice += 1) {
    const angle = slice * 2.4;
    const out = 30 + 11 * slice;
    disc(context, 240 + out * Math.cos(angle), 180 + out * Math.sin(angle), 19, "#b23a2a");
    disc(context, 240 + (out + 4) * Math.cos(angle + 0.6), 180 + (out + 4) * Math.sin(angle + 0.6), 7, "#4d7a38");
  }
}

function bread(context) {
  context.fillStyle = "#b87333";
  context.beginPath();
  context.ellipse(240, 195, 175, 95, 0, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = "#f0d3a0";
  context.lineWidth = 16;
  context.lineCap = "round";
  for (const x of [140, 205, 270, 335]) {
    context.beginPath();
    context.moveTo(x - 18, 230);
    context.lineTo(x + 18, 150);
    context.stroke();
  }
}

function flowers(context) {
  context.strokeStyle = "#3f7d4e";
  context.lineWidth = 9;
  [[150, "#d6578a"], [240, "#e8a33d"], [330, "#7a6bd1"]].forEach(([x, colour], place) => {
    const y = place === 1 ? 110 : 150;
    context.beginPath();
    context.moveTo(240, 340);
    context.quadraticCurveTo(x, 280, x, y);
    context.stroke();
    for (let petal = 0; petal < 6; petal += 1) {
      disc(context, x + 30 * Math.cos(petal * 1.047), y + 30 * Math.sin(petal * 1.047), 22, colour);
    }
    disc(context, x, y, 20, "#fbe9b7");
  });
}

const DRAWN = { "a pizza": ["#efe3cf", pizza], "a bread": ["#dfe8e2", bread], "flowers": ["#e4ecf4", flowers] };

function draw(name) {
  const canvas = h("canvas", { width: WIDTH, height: HEIGHT, role: "img", "aria-label": name });
  const [ground, paint] = DRAWN[name];
  const context = canvas.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  paint(context);
  return canvas;
}

/** A button with a menu of pictures; `attach(blob, name)` is called with the one that was picked. */
export function pictureMenu(phone, attach) {
  const file = h("input", { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", class: "unseen", tabindex: "-1" });
  const pick = h("button", { type: "button", onclick: () => file.click() }, "A file of yours…");
  const choices = h("div", { class: "drawn" });
  const found = menu(`pictures-${phone.number.slice(1)}`, "Send a picture", [icon(...PICTURE)], choices, pick, file);
  file.addEventListener("change", () => {
    if (file.files.length) attach(file.files[0], file.files[0].name);
    file.value = "";
    found.close();
  });
  found.onopen = () => {
    if (choices.childElementCount) return;
    for (const name of Object.keys(DRAWN)) {
      const canvas = draw(name);
      const send = () => canvas.toBlob((blob) => { found.close(); attach(blob, name); });
      choices.append(h("button", { type: "button", "aria-label": `Attach ${name}`, onclick: send }, canvas));
    }
  };
  return found;
}
