// "Search or jump to" is a link to a page. This module opens it as a dialog, also with Ctrl+K or Cmd+K.
const dialog = document.getElementById("palette");
if (dialog) {
  const open = (event) => {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  };
  for (const link of document.querySelectorAll("[data-jump]")) link.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") open(event);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const links = () => [...dialog.querySelectorAll(".menu li:not([hidden]) a")];
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = links();
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length]?.focus();
  });
}
