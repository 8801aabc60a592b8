import { stdin } from 'node:process'
import { emitKeypressEvents } from 'node:readline'

/** What each key does, for the help. */
export interface Key {
  what: string
  press(): void | Promise<void>
}

type Input = Pick<typeof stdin, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'pause' | 'resume'>

/** Listens to keys if the input is a terminal. Ctrl-C ends it as `q` does. @returns ends it */
export function listenToKeys(
  keys: Record<string, Key>,
  write: (line: string) => void,
  input: Input & NodeJS.ReadableStream = stdin,
): () => void {
  if (!input.isTTY) return () => {}
  const onKey = async (text: string | undefined, { name, ctrl }: { name?: string; ctrl?: boolean }) => {
    const pressed = ctrl && name === 'c' ? 'q' : text
    if (pressed === '?') return write(helpOf(keys))
    try {
      await (pressed && Object.hasOwn(keys, pressed) ? keys[pressed]?.press() : undefined)
    } catch (error) {
      write((error as Error).message)
    }
  }
  emitKeypressEvents(input)
  input.setRawMode(true)
  input.on('keypress', onKey)
  input.resume()
  return () => {
    input.off('keypress', onKey)
    input.setRawMode(false)
    input.pause()
  }
}

function helpOf(keys: Record<string, Key>): string {
  return [...Object.entries(keys), ['?', { what: 'this help' }] as const]
    .map(([key, { what }]) => `  ${key}  ${what}`)
    .concat('')
    .join('\n')
}
