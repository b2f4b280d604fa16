// Copy buttons: in the page as hidden, shown once this module runs.
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

// Plain http on a host that is not localhost has no clipboard: the old command does it there.
const copy = async (code) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
  select(code);
  if (!document.execCommand("copy")) throw new Error("no clipboard");
};

for (const button of document.querySelectorAll(".copy button, button[data-copy]")) {
  const code = document.getElementById(button.dataset.copy) ?? button.parentElement.querySelector("code");
  const word = [...button.childNodes].find((n) => n.nodeType === 3 && n.textContent.trim());
  const name = button.querySelector(".vh")?.textContent.trim() ?? button.dataset.copy ?? "";
  const before = word?.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let said = "Copied";
    try {
      await copy(code);
    } catch {
      select(code);
      said = "Selected";
    }
    if (word) word.textContent = said;
    live.textContent = said === "Copied" ? `${name} copied` : `${name} selected. Copy it with your keyboard`;
    setTimeout(() => {
      if (word) word.textContent = before;
      live.textContent = "";
    }, 2000);
  });
}
