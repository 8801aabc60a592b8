/** @throws Error if index.html has no such element */
export function find<Found extends HTMLElement = HTMLElement>(id: string): Found {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}`)
  return found as Found
}

/** Announces a change to screen readers. */
export function announce(text: string): void {
  find('announcer').textContent = text
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}
