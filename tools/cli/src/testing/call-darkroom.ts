import { stripVTControlCharacters } from 'node:util'
import { jest } from '@jest/globals'
import { runDarkroom } from '../run-darkroom.ts'

/** What a command has printed to stdout and stderr, and its exit code. */
export interface Call {
  code: number
  /** Without colors. */
  printed: string
  raw: string
}

/**
 * Runs `pnpm darkroom …` in this process: starting one for each call would load all modules again.
 *
 * @param environment variables for this call; undefined removes one
 */
export async function callDarkroom(
  args: string[],
  environment: Record<string, string | undefined>,
): Promise<Call> {
  const before = { ...process.env }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  process.exitCode = undefined
  const printed = capture()
  try {
    await runDarkroom(args)
    return { code: Number(process.exitCode ?? 0), ...printed.stop() }
  } finally {
    printed.stop()
    process.exitCode = undefined
    for (const name of Object.keys(environment)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

/** Collects what is printed. */
function capture() {
  let text = ''
  const write = (chunk: unknown) => {
    text += String(chunk)
    return true
  }
  const { columns } = process.stdout
  // As for a pipe.
  process.stdout.columns = undefined as unknown as number
  const spies = [
    ...(['log', 'error'] as const).map((name) =>
      jest.spyOn(console, name).mockImplementation((line) => void write(`${line}\n`)),
    ),
    ...[process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockImplementation(write),
    ),
  ]
  return {
    stop() {
      for (const spy of spies) spy.mockRestore()
      process.stdout.columns = columns
      return { printed: stripVTControlCharacters(text), raw: text }
    },
  }
}
