import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { styleText } from 'node:util'
import { type Attributes, type Client, DarkroomError, type ImageStatus } from '@darkroom/client'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import pMap from 'p-map'
import { fromCaller } from '../caller-folder.ts'
import { type AppOptions, addAppOptions, connectClient } from '../connect-client.ts'
import { outcomeOf } from '../describe-image.ts'

interface Options extends AppOptions {
  attribute: Attributes
  wait: boolean
}

const CONCURRENCY = 4

/** `pnpm darkroom upload FILE…`: uploads images, and prints what became of each. */
export function addUpload(program: Command): void {
  const upload = program
    .command('upload')
    .description('upload images and print what becomes of each')
    .argument('<file...>', 'image files')
    .option('--attribute <name=value>', 'stored with each image; may be repeated', collectAttribute)
    .option('--no-wait', 'do not wait until the images are processed')
  addAppOptions(upload).action(async (files: string[], { attribute = {}, wait, ...options }: Options) => {
    const { client, label } = await connectClient(options)
    console.log(`API: ${label}`)
    const width = Math.min(30, Math.max(...files.map((file) => basename(file).length)))
    const outcomes = await pMap(
      files,
      async (file) => {
        const { isGood, line } = await uploadOne(client, file, { attribute, wait })
        const mark = isGood ? styleText('green', '✔') : styleText('red', '✘')
        console.log(`${mark} ${printable(basename(file)).padEnd(width)}  ${line}`)
        return isGood
      },
      { concurrency: CONCURRENCY },
    )
    const good = outcomes.filter(Boolean).length
    console.log(`${good} of ${files.length} ${wait ? 'processed' : 'accepted'}.`)
    if (good > 0) console.log('Next: pnpm darkroom status ID, or pnpm darkroom get ID for its variants.')
    if (good < files.length) process.exitCode = 1
  })
}

function collectAttribute(text: string, before: Attributes = {}): Attributes {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new Error(`Write --attribute name=value, not ${text}.`)
  return { ...before, [name]: value }
}

async function uploadOne(
  client: Client,
  file: string,
  { attribute, wait }: Pick<Options, 'attribute' | 'wait'>,
): Promise<{ isGood: boolean; line: string }> {
  try {
    const accepted = await client.upload(await read(fromCaller(file)), {
      filename: basename(file),
      attributes: attribute,
    })
    const note = accepted.duplicate ? ', the same bytes as an earlier image' : ''
    if (!wait) return { isGood: true, line: `accepted  ${printable(accepted.id)}${note}` }
    const image = await client.waitUntilFinal(accepted.id)
    return { isGood: image.status === 'processed', line: `${outcome(image)}  ${printable(image.id)}${note}` }
  } catch (error) {
    const line = error instanceof DarkroomError ? `${error.type}: ${error.detail}` : (error as Error).message
    return { isGood: false, line: printable(line) }
  }
}

function outcome(image: ImageStatus): string {
  return image.status === 'queued' ? `${outcomeOf(image)} for a minute; ask again later` : outcomeOf(image)
}

async function read(path: string): Promise<Blob> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new Error('There is no such file.')
  if (found.isDirectory()) throw new Error('This is a folder. Name its files, for example photos/*.jpg.')
  return openAsBlob(path)
}
