import { styleText } from 'node:util'
import { Command } from 'commander'
import { addAnalytics } from './commands/analytics.ts'
import { addBackfill } from './commands/backfill.ts'
import { addEndpoints } from './commands/endpoints.ts'
import { addHold } from './commands/hold.ts'
import { addRetention } from './commands/retention.ts'

/** `pnpm darkroom …`: one tool for operators and developers. Each file in `commands` adds one command. */
const program = new Command('darkroom')
  .description('Looks after a Darkroom, the one on this machine or the one on AWS.')
  .showHelpAfterError()
  // A command below another may have options of the same names.
  .enablePositionalOptions()

addAnalytics(program)
addBackfill(program)
addEndpoints(program)
addHold(program)
addRetention(program)

try {
  await program.parseAsync()
} catch (error) {
  console.error(`${styleText('red', 'darkroom:')} ${(error as Error).message}`)
  process.exitCode = 1
}
