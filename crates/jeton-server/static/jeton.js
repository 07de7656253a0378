// Every page works without this file. It adds buttons that copy a text, and wipes a new token when its page is left.

/** Puts `text` on the clipboard; resolves to whether that worked. */
async function copyText(text, field) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused: the old way below may still be allowed.
    }
  }
  // Without TLS browsers hide the clipboard interface; copying a selection is still possible.
  if (!(field instanceof HTMLInputElement)) return false;
  field.focus();
  field.select();
  return document.execCommand("copy");
}

function enableCopyButton(button) {
  const field = document.getElementById(button.dataset.copies);
  if (!field) return;
  const label = button.textContent;
  let timer = 0;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copyText("value" in field ? field.value : field.textContent, field);
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = label; }, 2500);
  });
  if (field instanceof HTMLInputElement) field.addEventListener("focus", () => field.select());
}

for (const button of document.querySelectorAll("button[data-copies]")) enableCopyButton(button);

/** A browser may keep a left page in memory, to show it at once when the person goes back. */
function wipeWhenLeft(field) {
  addEventListener("pagehide", () => {
    field.value = "";
    field.removeAttribute("value");
  });
}

for (const field of document.querySelectorAll("input[data-secret]")) wipeWhenLeft(field);
