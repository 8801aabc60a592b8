import type { Client, DarkroomError } from '@darkroom/client'
import { type AppId, ImageId, Uploader } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import pMap from 'p-map'
import { type AppOptions, addAppOptions, connectClient, connectStage } from '../connect-client.ts'
import { describeImage, nameOf } from '../describe-image.ts'
import { findImagesOf } from '../find-images-of.ts'
import { openStore, type Store } from '../open-store.ts'
import { parsedBy } from '../parsed-by.ts'

interface Options extends AppOptions {
  yes?: boolean
  uploader?: string
  stage?: string
}

/** `pnpm darkroom erase ID --yes`, or `erase --app APP --uploader U --yes`: deletes images with all their copies. */
export function addErase(program: Command): void {
  const erase = program
    .command('erase')
    .description('delete an image, or all images of an uploader, with all copies, permanently')
    .argument('[image]', "the image's id", parsedBy(ImageId))
    .option(
      '--uploader <name>',
      'all images of this user of the app (with --app)',
      parsedBy(Uploader, 'It must be text of 1 to 128 bytes.'),
    )
    .option('--stage <stage>', 'of a deployment; the API key of the app is read from DARKROOM_KEY')
    .option('--yes', 'erase; without this option nothing is deleted')
  addAppOptions(erase)
    .addHelpText(
      'after',
      `
The images of an uploader are found in the bucket itself, so those that are not
processed or not in the catalogue yet are found, too. Repeat the command after
an interruption: what is erased is not found again.`,
    )
    .action(async (id: string | undefined, { uploader, ...options }: Options) => {
      if ((id === undefined) === (uploader === undefined))
        throw new Error('Name an image, or an uploader with --app APP --uploader NAME.')
      if (id !== undefined) return eraseOne(id, options)
      if (options.app === undefined) throw new Error('--uploader needs the app: add --app.')
      if (options.url !== undefined)
        throw new Error('The images of an uploader are found in the bucket: use --stage instead of --url.')
      await eraseAllOf(options.app, uploader ?? '', options)
    })
}

async function eraseOne(id: string, { yes, stage, ...options }: Options): Promise<void> {
  if (stage !== undefined) throw new Error('--stage is for --uploader. For one image, use --url.')
  const { client, label } = await connectClient(options)
  console.log(`API: ${label}`)
  if (!yes) {
    const image = await client.getImage(id)
    console.log(describeImage(image))
    if (image.status !== 'erased')
      console.log('\nNothing was deleted. Add --yes to erase this image permanently.')
    return
  }
  const image = await client.deleteImage(id)
  const { objects = 0, complete = true } = image.erasure ?? {}
  console.log(`${nameOf(image)} is erased: ${objects} objects were deleted.`)
  if (!complete) console.log('Parts may still be stored; they are deleted within minutes.')
}

async function eraseAllOf(app: AppId, uploader: string, { stage, yes }: Options): Promise<void> {
  const { client, label } = await (stage === undefined ? connectClient({ app }) : connectStage(stage, app))
  const store = await openStore(stage === undefined ? { local: true } : { stage })
  try {
    console.log(`API: ${label}\nstore: ${store.label}`)
    const { found, unreadable, looked } = await findImagesOf(store.bucket, app, uploader)
    console.log(`${looked} objects of ${app} looked at, ${found.size} images of ${uploader} found.`)
    for (const imageId of unreadable)
      console.log(`${imageId}  cannot be read: look whose it is, and erase it by its id`)
    if (unreadable.length > 0) process.exitCode = 1
    if (!yes) {
      for (const [imageId, place] of found) console.log(printable(`${imageId}  ${place}`))
      if (found.size > 0) console.log('\nNothing was deleted. Add --yes to erase these images permanently.')
      return
    }
    await eraseFound(client, found)
    await requireNothingLeft(store, app, uploader)
  } finally {
    store.close()
  }
}

/** The API's rate is shared with the app itself. */
const CONCURRENCY = 4

/** Prints the receipt of each image, or why it is not erased. */
async function eraseFound(client: Client, found: Map<ImageId, string>): Promise<void> {
  await pMap(
    found.keys(),
    async (imageId) => {
      try {
        const { erasure } = await client.deleteImage(imageId)
        console.log(printable(`${imageId}  erased ${erasure?.at}, ${erasure?.objects ?? 0} objects`))
      } catch (error) {
        const { type, detail, message } = error as DarkroomError
        // Another request, or the end of its retention, was faster.
        if (type === 'not-found' || type === 'expired-by-retention') return
        console.log(printable(`${imageId}  not erased: ${detail ?? message}`))
      }
    },
    { concurrency: CONCURRENCY },
  )
}

async function requireNothingLeft(store: Store, app: AppId, uploader: string): Promise<void> {
  const { found } = await findImagesOf(store.bucket, app, uploader)
  if (found.size === 0) return console.log(`A second search found no image of ${uploader}.`)
  process.exitCode = 1
  console.log(`${found.size} images of ${uploader} are left: ${[...found.keys()].join(', ')}`)
}
