import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }

type Add = (program: Command) => void

/** The commands under their headings in the help. Each is loaded on demand, because some load for a second. */
const COMMANDS: Record<string, Record<string, () => Promise<Add>>> = {
  'Images, over the upload API:': {
    upload: async () => (await import('./commands/upload.ts')).addUpload,
    status: async () => (await import('./commands/image.ts')).addStatus,
    get: async () => (await import('./commands/image.ts')).addGet,
    tail: async () => (await import('./commands/tail.ts')).addTail,
    erase: async () => (await import('./commands/erase.ts')).addErase,
    smoke: async () => (await import('./commands/smoke.ts')).addSmoke,
  },
  'The store of a deployment or of the local stack:': {
    analytics: async () => (await import('./commands/analytics.ts')).addAnalytics,
    apps: async () => (await import('./commands/apps.ts')).addApps,
    audit: async () => (await import('./commands/audit.ts')).addAudit,
    'audit-log': async () => (await import('./commands/audit-log.ts')).addAuditLog,
    backfill: async () => (await import('./commands/backfill.ts')).addBackfill,
    doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
    dlq: async () => (await import('./commands/dlq.ts')).addDlq,
    events: async () => (await import('./commands/events.ts')).addEvents,
    hold: async () => (await import('./commands/hold.ts')).addHold,
    keys: async () => (await import('./commands/keys.ts')).addKeys,
    retention: async () => (await import('./commands/retention.ts')).addRetention,
    trace: async () => (await import('./commands/trace.ts')).addTrace,
  },
  'The local stack:': {
    open: async () => (await import('./commands/open.ts')).addOpen,
    endpoints: async () => (await import('./commands/endpoints.ts')).addEndpoints,
  },
}

/**
 * `pnpm darkroom …`: one tool for operators and developers. Each file in `commands` adds commands.
 *
 * @param args decide which commands are loaded; without any, all are
 */
export async function darkroom(args: string[] = []): Promise<Command> {
  const program = new Command('darkroom')
    .description('Operates a Darkroom: the local stack or a deployment on AWS.')
    .version(manifest.version)
    .showHelpAfterError('Run it with --help for the commands and options.')
    // A command and its subcommands can have options with the same name.
    .enablePositionalOptions()
    // Instead of ending the process.
    .exitOverride()
  await addCommands(program, args)
  return program
}

/** Adds the command that is asked for, or all: help lists them, and a typing error is compared with them. */
async function addCommands(program: Command, [name = '']: string[]): Promise<void> {
  if (['-V', '--version'].includes(name)) return
  for (const [heading, commands] of Object.entries(COMMANDS)) {
    const loaders = Object.hasOwn(commands, name)
      ? [commands[name]]
      : isKnown(name)
        ? []
        : Object.values(commands)
    program.commandsGroup(heading)
    for (const load of loaders) (await load?.())?.(program)
  }
}

function isKnown(name: string): boolean {
  return Object.values(COMMANDS).some((commands) => Object.hasOwn(commands, name))
}
