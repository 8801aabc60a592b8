import { AppId, DatePartition, PresetName } from '@darkroom/core'
import type { Command } from 'commander'
import pThrottle from 'p-throttle'
import * as z from 'zod'
import { addStoreOptions, openStoreWithQueue, type StoreOptions, type StoreWithQueue } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'
import { developedBy, listDays, redevelop } from '../redevelop.ts'

interface Options extends StoreOptions {
  app: string
  preset: string
  from?: string
  to?: string
  rate: number
  dryRun: boolean
}

const MAX_MESSAGES_PER_SECOND = 100
const Rate = z.coerce.number().positive().max(MAX_MESSAGES_PER_SECOND)

/** `pnpm darkroom backfill --app … --preset …`: develops existing originals again, through the queue. */
export function addBackfill(program: Command): void {
  const rate = parsedBy(Rate, `It must be a number of messages per second, up to ${MAX_MESSAGES_PER_SECOND}.`)
  const backfill = program
    .command('backfill')
    .description('develop the existing images of an app again with a preset, through the queue')
    .requiredOption('--app <app>', 'the app that the images belong to', parsedBy(AppId))
    .requiredOption('--preset <name>', 'a preset in the deployed presets.json', parsedBy(PresetName))
    .option('--from <date>', 'first day of acceptance, UTC, such as 2026-11-23', parsedBy(DatePartition))
    .option('--to <date>', 'last day of acceptance', parsedBy(DatePartition))
    .option('--rate <number>', 'maximum number of messages per second', rate, 5)
    .option('--dry-run', 'only print what would be sent', false)
  addStoreOptions(backfill)
    .addHelpText(
      'after',
      `
Originals are only read. An image that was developed with the current version of the preset stays unchanged, so you can
repeat a backfill that was interrupted.`,
    )
    .action(async (options: Options) => {
      const store = await openStoreWithQueue(options)
      try {
        console.log(`store: ${store.label}`)
        await sendAll(store, options)
      } finally {
        store.close()
      }
    })
}

async function sendAll(
  store: StoreWithQueue,
  { app, preset, from, to, rate, dryRun }: Options,
): Promise<void> {
  /** @returns the preset that the image was developed with; undefined if it is not processed */
  const send = pThrottle({ limit: 1, interval: 1000 / rate })(async (imageId: string) => {
    const image = { app, imageId }
    const developed = await developedBy(store, image)
    if (developed !== undefined && !dryRun) await redevelop(store, image, preset)
    return developed
  })
  let sent = 0
  for await (const { date, imageIds } of listDays(store, app, from, to)) {
    const byPreset = new Map<string, number>()
    for (const imageId of imageIds) {
      const developed = await send(imageId)
      if (developed === undefined) continue
      byPreset.set(developed, (byPreset.get(developed) ?? 0) + 1)
      sent++
    }
    const counts = [...byPreset].map(([developed, count]) => `${count} of ${developed}`).join(', ')
    if (counts) console.log(`${date}  ${counts}`)
  }
  const verb = dryRun ? 'would be sent' : 'sent'
  console.log(`${sent} ${sent === 1 ? 'message' : 'messages'} ${verb}, to be developed by ${preset}`)
}
