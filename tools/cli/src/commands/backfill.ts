import { AppId, DatePartition, PresetName } from '@darkroom/core'
import { type Command, InvalidArgumentError } from 'commander'
import type * as z from 'zod'
import { atMost } from '../backfill/at-most.ts'
import { listDays } from '../backfill/list-days.ts'
import { developedBy, redevelop } from '../backfill/redevelop.ts'
import { openStore, type Store } from '../open-store.ts'

interface Options {
  app: string
  preset: string
  from?: string
  to?: string
  rate: number
  dryRun: boolean
}

/** `pnpm darkroom backfill --app … --preset …`: existing originals are developed again, through the queue. */
export function addBackfill(program: Command): void {
  program
    .command('backfill')
    .description('have the existing images of an app developed again by a preset, through the queue')
    .requiredOption('--app <app>', 'whose images', parsedBy(AppId))
    .requiredOption('--preset <name>', 'a preset of presets.json, as it is deployed', parsedBy(PresetName))
    .option('--from <date>', 'accepted on this day or later, UTC, as 2026-11-23', parsedBy(DatePartition))
    .option('--to <date>', 'accepted on this day or before', parsedBy(DatePartition))
    .option('--rate <number>', 'messages a second, at most', rate, 5)
    .option('--dry-run', 'only print what would be sent', false)
    .addHelpText(
      'after',
      `
Works on the local stack, or with BUCKET and QUEUE_URL in the environment on a deployment. Originals are only read. An
image that the preset's present version has developed is left as it is, so a run that was stopped can be repeated.`,
    )
    .action(async (options: Options) => {
      const store = await openStore()
      try {
        await backfill(store, options)
      } finally {
        store.close()
      }
    })
}

async function backfill(store: Store, options: Options): Promise<void> {
  const turn = atMost(options.rate)
  const verb = options.dryRun ? 'would be sent' : 'sent'
  let sent = 0
  for await (const { date, imageIds } of listDays(store, options.app, options.from, options.to)) {
    const byPreset = new Map<string, number>()
    for (const imageId of imageIds) {
      const image = { app: options.app, imageId }
      await turn()
      const developed = await developedBy(store, image)
      if (developed === undefined) continue
      if (!options.dryRun) await redevelop(store, image, options.preset)
      byPreset.set(developed, (byPreset.get(developed) ?? 0) + 1)
      sent++
    }
    const today = [...byPreset].map(([preset, count]) => `${count} of ${preset}`).join(', ')
    if (today) console.log(`${date}  ${today}`)
  }
  console.log(`${sent} ${sent === 1 ? 'message' : 'messages'} ${verb}, to be developed by ${options.preset}`)
}

function parsedBy<Schema extends z.ZodType>(schema: Schema): (text: string) => z.infer<Schema> {
  return (text) => {
    const { data, error } = schema.safeParse(text)
    if (error) throw new InvalidArgumentError(error.issues.map(({ message }) => message).join('; '))
    return data
  }
}

const FASTEST = 100

function rate(text: string): number {
  const number = Number(text)
  if (number > 0 && number <= FASTEST) return number
  throw new InvalidArgumentError(`It has to be a number of messages a second, up to ${FASTEST}.`)
}
