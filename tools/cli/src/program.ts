import { Command } from 'commander'
import { addAnalytics } from './commands/analytics.ts'
import { addAudit } from './commands/audit.ts'
import { addBackfill } from './commands/backfill.ts'
import { addEndpoints } from './commands/endpoints.ts'
import { addHold } from './commands/hold.ts'
import { addRetention } from './commands/retention.ts'

/** `pnpm darkroom …`: one tool for operators and developers. Each file in `commands` adds one command. */
export function darkroom(): Command {
  const program = new Command('darkroom')
    .description('Operates a Darkroom: the local stack or a deployment on AWS.')
    .showHelpAfterError()
    // A command and its subcommands can have options with the same name.
    .enablePositionalOptions()
  for (const add of [addAnalytics, addAudit, addBackfill, addEndpoints, addHold, addRetention]) add(program)
  return program
}
