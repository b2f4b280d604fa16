// A dialog that the server rendered open becomes modal: the focus stays inside, and Esc closes it.
const dialog = document.querySelector("dialog#picker[open]");
if (dialog) {
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("header a").click();
  });
}
