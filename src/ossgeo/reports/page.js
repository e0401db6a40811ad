for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const place = [...head.parentElement.children].indexOf(head);
    const falling = head.getAttribute("aria-sort") !== "descending";
    for (const other of head.parentElement.children) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const body = head.closest("table").tBodies[0];
    const key = (row) => {
      const cell = row.cells[place];
      return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
    };
    const order = (one, other) => {
      const a = key(one), b = key(other);
      const found = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      return falling ? -found : found;
    };
    body.append(...[...body.rows].sort(order));
  });
}
const tip = document.getElementById("tip");
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest?.(".chart [data-tip]");
  tip.hidden = mark === null || mark === undefined;
  if (tip.hidden) return;
  tip.textContent = mark.dataset.tip;
  tip.style.left = `${Math.max(4, Math.min(event.pageX + 12, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${event.pageY + 14}px`;
});
