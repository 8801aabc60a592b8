/** Announces a change to screen readers. */
export function announce(text: string): void {
  element('announcer').textContent = text
}

/** Shows a message above the page; an empty text hides it. */
export function showNotice(text: string): void {
  element('notice').textContent = text
}

/** @throws Error if index.html has no element with this id */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found
}
