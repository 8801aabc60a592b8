/**
 * Controls other than line ends and tabs, and marks of direction. The sequences that stay are the styles that this tool prints: bold, dim,
 * red, green, yellow, grey and their ends (SGR, ECMA-48).
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  /\u001b(?!\[(?:1|2|22|3[1239]|90)m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** Text without what a terminal acts on; each character becomes its escape, which JSON reads as the same character. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Whatever a command prints, text of strangers in it cannot move the cursor, clear the screen or hide a line. */
export function printVisibly(): () => void {
  const { log, error } = console
  console.log = (...words: unknown[]) => log(...words.map(toVisible))
  console.error = (...words: unknown[]) => error(...words.map(toVisible))
  return () => Object.assign(console, { log, error })
}

const toVisible = (word: unknown) => (typeof word === 'string' ? visible(word) : word)
