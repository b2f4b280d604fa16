// Copy buttons. The page hides them until this module runs.
const live = document.createElement("div");
live.className = "vh";
live.setAttribute("aria-live", "polite");
document.body.append(live);

const select = (element) => {
  element.closest("details")?.setAttribute("open", "");
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

// Pages over http, except on localhost, have no navigator.clipboard.
const copy = async (code) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
  select(code);
  if (!document.execCommand("copy")) throw new Error("no clipboard");
};

for (const button of document.querySelectorAll(".copy button, button[data-copy]")) {
  const code = document.getElementById(button.dataset.copy) ?? button.parentElement.querySelector("code");
  const label = [...button.childNodes].find((n) => n.nodeType === 3 && n.textContent.trim());
  const name = button.querySelector(".vh")?.textContent.trim() ?? button.dataset.copy ?? "";
  const before = label?.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let result = "Copied";
    try {
      await copy(code);
    } catch {
      select(code);
      result = "Selected";
    }
    if (label) label.textContent = result;
    live.textContent = result === "Copied" ? `${name} copied` : `${name} selected. Press Ctrl+C or Cmd+C to copy`;
    setTimeout(() => {
      if (label) label.textContent = before;
      live.textContent = "";
    }, 2000);
  });
}
