// A search field that narrows the list on the page while one types: <input data-filter="list-id">.
for (const input of document.querySelectorAll("input[data-filter]")) {
  const list = document.getElementById(input.dataset.filter);
  if (!list) continue;
  const none = document.getElementById(`${input.dataset.filter}-none`);
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const narrow = () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of list.children) {
      const text = plain(item.textContent + " " + (item.dataset.words ?? ""));
      const fits = words.every((word) => text.includes(word));
      item.hidden = !fits && !item.querySelector(":checked");
      if (fits) shown += 1;
    }
    if (none) none.hidden = shown > 0;
  };
  input.addEventListener("input", narrow);
}
