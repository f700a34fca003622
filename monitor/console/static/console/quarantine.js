// One box chooses all rows of the page. Without scripts each is chosen by itself.
const all = document.getElementById("all-here");
const boxes = Array.from(document.querySelectorAll("#work input[name=ids]"));
if (all && boxes.length > 0) {
  all.hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
}
