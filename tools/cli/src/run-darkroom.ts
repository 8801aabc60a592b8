import { styleText } from 'node:util'
import { printable } from '@darkroom/terminal'
import { CommanderError } from 'commander'
import { darkroom } from './program.ts'
import { printVisibly } from './safe-console.ts'

/** Runs a command line, prints what goes wrong, and sets the exit code of the process. */
export async function runDarkroom(args: string[]): Promise<void> {
  const restore = printVisibly()
  try {
    await (await darkroom(args)).parseAsync(args, { from: 'user' })
  } catch (error) {
    // Commander has printed the reason, or the help.
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else {
      printError(error as Error)
      process.exitCode = 1
    }
  } finally {
    restore()
  }
}

/** Further lines of a message are indented: one that a stranger wrote does not look like one of this tool. */
function printError({ message, cause }: Error): void {
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  const lines = `${message}${reason}`.split('\n').map(printable)
  console.error(`${styleText('red', 'darkroom:')} ${lines.join('\n  ')}`)
}
