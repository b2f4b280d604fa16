// Signs out of the applications. An application that doesn't respond must not block the others:
// opening this URL again skips those that have not responded.
const { left, origin } = document.querySelector("main").dataset;
const timeout = (most) => Math.min(Number(left) * 1000, most);
const proceed = (query = "") => location.replace(location.pathname + query);

const target = document.getElementById("go");
const frames = [...document.querySelectorAll("iframe")];

function submit() {
  // This page and its timeout stay until the application responds.
  setTimeout(proceed, timeout(2500));
  if (target instanceof HTMLFormElement) target.submit();
  else location.replace(target.href);
}

function isDone(frame) {
  // Only a page of this site, which the application redirects to, is readable here.
  return frame.contentDocument?.body?.dataset.received === "yes";
}

function signOutInFrames() {
  const check = () => frames.every(isDone) && proceed();
  for (const frame of frames) frame.addEventListener("load", check);
  for (const form of document.querySelectorAll("form[target]")) form.submit();
  setTimeout(proceed, timeout(2500));
  check();
}

if (frames.length) {
  signOutInFrames();
} else {
  // A browser that is redirected to a server that is down stays there. So check first, without
  // cookies, that the server responds at all.
  fetch(`${origin}/robots.txt`, {
    method: "HEAD",
    mode: "no-cors",
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(timeout(1500)),
  }).then(submit, () => proceed("?unreachable=1"));
}
