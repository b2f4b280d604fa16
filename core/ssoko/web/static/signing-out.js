// Tells applications that a session is over. None of them may hold the others up: opening this
// address again goes on without those that have not answered.
const { left, origin } = document.querySelector("main").dataset;
const patience = (longest) => Math.min(Number(left) * 1000, longest);
const goOn = (query = "") => location.replace(location.pathname + query);

const way = document.getElementById("go");
const frames = [...document.querySelectorAll("iframe")];

function leave() {
  // Until the application answers this page stays and its clock runs.
  setTimeout(goOn, patience(2500));
  if (way instanceof HTMLFormElement) way.submit();
  else location.replace(way.href);
}

function heard(frame) {
  // Only our own page, which an answer leads to, can be looked into.
  return frame.contentDocument?.body?.dataset.heard === "yes";
}

function listen() {
  const look = () => frames.every(heard) && goOn();
  for (const frame of frames) frame.addEventListener("load", look);
  for (const form of document.querySelectorAll("form[target]")) form.submit();
  setTimeout(goOn, patience(2500));
  look();
}

if (frames.length) {
  listen();
} else {
  // A browser that is sent to a server that is down ends there. So it is asked first, without
  // cookies, whether anything answers at all; what it says is of no account.
  fetch(`${origin}/robots.txt`, {
    method: "HEAD",
    mode: "no-cors",
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(patience(1500)),
  }).then(leave, () => goOn("?unreachable=1"));
}
