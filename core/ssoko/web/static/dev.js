// Only on pages of `ssoko dev`: reload when a plugin changes.
const { version, slug, typed } = document.querySelector("main [data-version]").dataset;
let touched = typed === "yes";
document.addEventListener("input", () => (touched = true), { once: true });

const check = async () => {
  if (document.hidden) return;
  try {
    const response = await fetch(`/dev/-/version?slug=${slug}`, { cache: "no-store" });
    if (!response.ok || (await response.text()) === version) return;
  } catch {
    return; // restarting, or stopped
  }
  clearInterval(timer);
  if (!touched) return location.reload();
  // Don't discard what the user typed.
  document.querySelector("[data-changed]").hidden = false;
};
const timer = setInterval(check, 700);
document.addEventListener("visibilitychange", check);
