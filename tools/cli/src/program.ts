import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { addAnalytics } from './commands/analytics.ts'
import { addAudit } from './commands/audit.ts'
import { addBackfill } from './commands/backfill.ts'
import { addEndpoints } from './commands/endpoints.ts'
import { addHold } from './commands/hold.ts'
import { addErase, addGet, addStatus } from './commands/image.ts'
import { addOpen } from './commands/open.ts'
import { addRedrive } from './commands/redrive.ts'
import { addRetention } from './commands/retention.ts'
import { addTail } from './commands/tail.ts'
import { addUpload } from './commands/upload.ts'

/** The commands under their headings in the help. */
const COMMANDS = {
  'Images, over the upload API:': [addUpload, addStatus, addGet, addTail, addErase],
  'The store of a deployment or of the local stack:': [
    addAnalytics,
    addAudit,
    addBackfill,
    addHold,
    addRedrive,
    addRetention,
  ],
  'The local stack:': [addOpen, addEndpoints],
}

/** `pnpm darkroom …`: one tool for operators and developers. Each file in `commands` adds commands. */
export function darkroom(): Command {
  const program = new Command('darkroom')
    .description('Operates a Darkroom: the local stack or a deployment on AWS.')
    .version(manifest.version)
    .showHelpAfterError('Run it with --help for the commands and options.')
    // A command and its subcommands can have options with the same name.
    .enablePositionalOptions()
  for (const [heading, adders] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading)
    for (const add of adders) add(program)
  }
  return program
}
