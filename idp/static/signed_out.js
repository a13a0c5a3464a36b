/* Looks again while systems are still being told; without scripts the page reloads itself. */
(() => {
  "use strict";
  const EVERY_MS = 3000;
  const LOOKS = 40;
  let looked = 0;
  const look = async () => {
    const place = document.getElementById("systems");
    if (!place?.dataset.again || (looked += 1) > LOOKS) return;
    try {
      const answer = await fetch(place.dataset.again, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("systems");
      if (fresh) {
        // The region itself stays, so that its change is read out.
        if (fresh.innerHTML.trim() !== place.innerHTML.trim()) place.replaceChildren(...fresh.childNodes);
        if (!fresh.dataset.again) delete place.dataset.again;
      }
    } catch { /* the network is away: try again */ }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
