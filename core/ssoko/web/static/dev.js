// Only on the pages of `ssoko dev`: look again when a plugin has changed.
const { version, slug, typed } = document.querySelector("main [data-version]").dataset;
let touched = typed === "yes";
document.addEventListener("input", () => (touched = true), { once: true });

const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(`/dev/-/version?slug=${slug}`, { cache: "no-store" });
    if (!answer.ok || (await answer.text()) === version) return;
  } catch {
    return; // between two starts, or stopped for good
  }
  clearInterval(timer);
  if (!touched) return location.reload();
  // What was typed is worth more than the newest page.
  document.querySelector("[data-changed]").hidden = false;
};
const timer = setInterval(look, 700);
document.addEventListener("visibilitychange", look);
