// "Search or jump to" is a link to a page. This module opens it as a dialog, also with Ctrl+K or Cmd+K,
// and lists results while the user types. Without results from the server, Enter opens the page.
const dialog = document.getElementById("palette");
if (dialog) {
  const form = dialog.querySelector("form");
  const input = form.querySelector("input[type=search]");
  const list = form.querySelector(".menu");
  const status = form.querySelector("[data-status]");
  const pages = [...list.children];
  const links = () => [...list.querySelectorAll("a")];
  let asked = 0;
  let timer = 0;
  let settled = true;
  let enter = false;

  const open = (event) => {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
    input.select();
  };
  for (const link of document.querySelectorAll("[data-jump]")) link.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") open(event);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const element = (name, classes, text) => {
    const made = document.createElement(name);
    made.className = classes;
    made.textContent = text;
    return made;
  };

  const item = ({ name, kind, href, detail }) => {
    const link = element("a", "", "");
    link.href = href;
    const title = element("span", "", name);
    if (detail) title.append(" ", element("span", "muted small", detail));
    link.append(title, element("span", "count muted small", kind));
    const row = document.createElement("li");
    row.append(link);
    return row;
  };

  const show = (rows, text) => {
    list.replaceChildren(...rows);
    status.hidden = !text;
    status.textContent = text;
  };

  const search = async () => {
    const query = input.value.trim();
    const number = ++asked;
    if (!query) {
      settled = true;
      return show(pages, "");
    }
    try {
      const response = await fetch(`${form.dataset.suggest}?${new URLSearchParams({ q: query })}`);
      // A session that ended redirects to the sign-in page.
      if (!response.ok || response.redirected) throw new Error(response.statusText);
      const results = await response.json();
      if (number !== asked) return;
      const count = results.length === 1 ? "1 result" : `${results.length} results`;
      show(results.map(item), results.length ? count : `No results for “${query}”`);
      settled = true;
      if (enter) links()[0]?.click();
    } catch {
      if (number === asked) show([], "Press Enter to search");
    }
    enter = false;
  };

  input.addEventListener("input", () => {
    settled = enter = false;
    clearTimeout(timer);
    timer = setTimeout(search, 120);
  });
  form.addEventListener("submit", (event) => {
    if (!input.value.trim()) return event.preventDefault();
    if (settled && links().length) {
      event.preventDefault();
      links()[0].click();
    } else if (!settled) {
      // The results are on their way; Enter opens the first of them.
      event.preventDefault();
      enter = true;
      setTimeout(() => enter && form.submit(), 3000);
    }
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [input, ...links()];
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length]?.focus();
  });
}
