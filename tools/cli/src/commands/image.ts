import { mkdir, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { ImageStatus, Variant } from '@darkroom/client'
import { ImageId, VariantName } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import { fromCaller } from '../caller-folder.ts'
import { type AppOptions, addAppOptions, connectClient } from '../connect-client.ts'
import { describeImage, formatBytes } from '../describe-image.ts'
import { parsedBy } from '../parsed-by.ts'

const ID = ['<image>', "the image's id", parsedBy(ImageId)] as const

/** `pnpm darkroom status ID`: an image's status. */
export function addStatus(program: Command): void {
  const status = program
    .command('status')
    .description("print an image's status")
    .argument(...ID)
    .option('--json', "the API's answer as JSON")
  addAppOptions(status).action(async (id: string, { json, ...options }: AppOptions & { json?: boolean }) => {
    const { client, label } = await connectClient(options)
    const image = await client.getImage(id)
    console.log(json ? JSON.stringify(image, null, 2) : `API: ${label}\n${describeImage(image)}`)
  })
}

interface GetOptions extends AppOptions {
  variant?: string
  out: string
}

/** `pnpm darkroom get ID`: saves an image's variants as files. */
export function addGet(program: Command): void {
  const get = program
    .command('get')
    .description("save an image's variants as files")
    .argument(...ID)
    .option('--variant <name>', 'only this variant')
    .option('--out <folder>', 'where to save them', '.')
  addAppOptions(get).action(async (id: string, { variant, out, ...options }: GetOptions) => {
    const { client, label } = await connectClient(options)
    console.log(`API: ${label}`)
    const image = await client.waitUntilFinal(id)
    const folder = fromCaller(out)
    await mkdir(folder, { recursive: true })
    for (const chosen of chooseVariants(image, variant)) {
      if (!VariantName.safeParse(chosen.name).success)
        throw new Error(`${chosen.name} cannot be the name of a variant, so no file is written for it.`)
      const file = join(folder, fileNameOf(id, chosen))
      await writeFile(file, await download(chosen))
      console.log(printable(`${file}  ${chosen.width} × ${chosen.height}, ${formatBytes(chosen.bytes)}`))
    }
  })
}

function chooseVariants({ status, failure, variants }: ImageStatus, name: string | undefined): Variant[] {
  if (status === 'failed') throw new Error(`The image has no variants, because it failed. ${failure?.detail}`)
  if (status === 'erased') throw new Error('The image was erased.')
  if (status === 'queued') throw new Error('The image is not processed yet. Try again in a moment.')
  if (!variants?.length) throw new Error('The variants were deleted when their retention ended.')
  const chosen = variants.filter((variant) => name === undefined || variant.name === name)
  if (chosen.length > 0) return chosen
  throw new Error(
    `There is no variant ${name}. The image has ${variants.map((variant) => variant.name).join(', ')}.`,
  )
}

/** With the extension of the stored object. */
function fileNameOf(id: string, { name, url }: Variant): string {
  return `${id}-${name}${extname(new URL(url).pathname)}`
}

async function download({ name, url }: Variant): Promise<Uint8Array> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`S3 answered ${answer.status} for the variant ${name}. Try again.`)
  return new Uint8Array(await answer.arrayBuffer())
}
