import { configurationPath, readConfiguration } from '@darkroom/app-configuration'
import { PresetName } from '@darkroom/core'
import type { Command } from 'commander'
import { addStoreOptions, openStoreWithQueue } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'
import { developedBy, redevelop } from '../redevelop.ts'
import { addSelectionOptions, type Selection, sendSelected } from '../selection.ts'

interface Options extends Selection {
  preset: string
}

/** `pnpm darkroom backfill --app … --preset …`: develops existing originals again, through the queue. */
export function addBackfill(program: Command): void {
  const backfill = program
    .command('backfill')
    .description('develop the existing images of an app again with a preset, through the queue')
    .requiredOption('--preset <name>', 'a preset of apps.json, as it was deployed', parsedBy(PresetName))
  addStoreOptions(addSelectionOptions(backfill))
    .addHelpText(
      'after',
      `
Originals are only read. An image that was developed with the current version of
the preset stays unchanged, so you can repeat a backfill that was interrupted.`,
    )
    .action(async (options: Options) => {
      requirePreset(options.preset)
      const store = await openStoreWithQueue(options)
      try {
        console.log(`store: ${store.label}`)
        const sent = await sendSelected(store, options, {
          choose: (image) => developedBy(store, image),
          send: (image) => redevelop(store, image, options.preset),
        })
        console.log(`${sent}, to be developed by ${options.preset}`)
      } finally {
        store.close()
      }
    })
}

/** The message of every image would be retried, and parked. */
function requirePreset(name: string): void {
  const { presets } = readConfiguration()
  if (Object.hasOwn(presets, name)) return
  const names = Object.keys(presets).join(', ')
  throw new Error(`No preset is named "${name}" in ${configurationPath()} (there are: ${names}).`)
}
