// A search field that filters a list on the page: <input data-filter="list-id">.
for (const input of document.querySelectorAll("input[data-filter]")) {
  const list = document.getElementById(input.dataset.filter);
  if (!list) continue;
  const none = document.getElementById(`${input.dataset.filter}-none`);
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const filter = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.children) {
      const text = fold(item.textContent + " " + (item.dataset.words ?? ""));
      const matches = words.every((word) => text.includes(word));
      item.hidden = !matches && !item.querySelector(":checked");
      if (matches) shown += 1;
    }
    if (none) none.hidden = shown > 0;
  };
  input.addEventListener("input", filter);
}
