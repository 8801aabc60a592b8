/** For those who cannot see the page change. */
export function say(text: string): void {
  element('announcer').textContent = text
}

/** What concerns the whole page, or nothing. */
export function notice(text: string): void {
  element('notice').textContent = text
}

/** @throws Error if the page has no such element, which is a mistake in index.html */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found
}
