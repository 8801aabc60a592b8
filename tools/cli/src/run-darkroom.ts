import { styleText } from 'node:util'
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

function printError({ message, cause }: Error): void {
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  console.error(`${styleText('red', 'darkroom:')} ${message}${reason}`)
}
