import { placeHold, releaseHold } from '@darkroom/bucket'
import { AppId, ImageId } from '@darkroom/core'
import type { Command } from 'commander'
import { recordAct } from '../audit-trail.ts'
import { addStoreOptions, openStore, type StoreOptions } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends StoreOptions {
  app: string
  reason?: string
  release?: boolean
}

/** `pnpm darkroom hold IMAGE --app APP --reason TEXT`: places a legal hold; `--release` ends it. */
export function addHold(program: Command): void {
  const hold = program
    .command('hold')
    .description('protect an image from erasure and retention, or release it')
    .argument('<image>', "the image's id", parsedBy(ImageId))
    .requiredOption('--app <app>', 'the app that the image belongs to', parsedBy(AppId))
    .option('--reason <text>', 'the reason, such as a case number; stored with the hold')
    .option('--release', 'end the hold and delete the copies it kept')
  addStoreOptions(hold).action(async (imageId: string, { app, reason, release, ...options }: Options) => {
    const image = { app, imageId }
    if (!release && !reason) throw new Error('Give a reason with --reason, or end the hold with --release.')
    const store = await openStore(options)
    try {
      console.log(`store: ${store.label}`)
      const act = release ? 'hold.released' : 'hold.placed'
      await recordAct(store, { act, app, images: [imageId], ...(reason && { detail: reason }) })
      if (release) {
        const copies = await releaseHold(store.bucket, image)
        console.log(`The hold on ${imageId} is released; ${copies} copies were deleted.`)
      } else {
        const kept = await placeHold(store.bucket, image, {
          placedAt: new Date().toISOString(),
          reason: reason ?? '',
        })
        if (kept === 0) {
          throw new Error('Nothing of this image is stored, or it was erased. Check its id and its app.')
        }
        console.log(`${imageId} is under a legal hold; ${kept} objects are kept under held/.`)
      }
    } finally {
      store.close()
    }
  })
}
