import { AppId, ImageId } from '@darkroom/core'
import type { Command } from 'commander'
import { placeHold, releaseHold } from '../place-hold.ts'
import { openStore } from '../store.ts'

interface Options {
  app: string
  reason?: string
  release?: boolean
  bucket?: string
}

/** `pnpm darkroom hold IMAGE --app APP --reason TEXT`: a legal hold; `--release` ends it. */
export function addHold(program: Command): void {
  program
    .command('hold')
    .description('keep an image from being erased and from its retention, or release it')
    .argument('<image>', "the image's id")
    .requiredOption('--app <app>', 'the app that it belongs to')
    .option('--reason <text>', 'why, such as the number of a case; kept with the hold')
    .option('--release', 'end the hold, and delete what was kept by it')
    .option('--bucket <name>', 'of a bucket on AWS instead of the local stack')
    .action(async (id: string, { app, reason, release, bucket }: Options) => {
      const image = { app: AppId.parse(app), imageId: ImageId.parse(id) }
      if (!release && !reason) throw new Error('Say why with --reason, or end the hold with --release.')
      const store = await openStore(bucket)
      try {
        if (release) {
          const copies = await releaseHold(store, image)
          console.log(`The hold of ${id} is released; ${copies} copies were deleted.`)
        } else {
          const hold = { placedAt: new Date().toISOString(), reason: reason ?? '' }
          const kept = await placeHold(store, image, hold)
          console.log(`${id} is under a legal hold; ${kept} objects are kept under held/.`)
        }
      } finally {
        store.s3.destroy()
      }
    })
}
