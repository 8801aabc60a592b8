import { type DocumentFormat, generateImages } from '@darkroom/catalogue'
import { DatePartition } from '@darkroom/core'
import { type Command, Option } from 'commander'
import { parsedBy, wholeNumberUpTo } from '../parsed-by.ts'

interface Options {
  images: number
  seed: number
  days: number
  until: string
  to: string
  format: DocumentFormat
}

/** `pnpm darkroom analytics generate`: generates metadata documents, to try the catalogue at any size. */
export function addGenerate(analytics: Command): void {
  const today = new Date().toISOString().slice(0, 10)
  analytics
    .command('generate')
    .description('generate metadata documents, to try the catalogue at any size')
    .requiredOption('--images <number>', 'number of documents', wholeNumberUpTo(999_999_999))
    .option('--seed <number>', 'the same seed generates the same documents', wholeNumberUpTo(999_999_999), 1)
    .option('--days <number>', 'number of days on which the images were accepted', wholeNumberUpTo(9999), 365)
    .option(
      '--until <date>',
      'the last of these days; nothing is later than now',
      parsedBy(DatePartition),
      today,
    )
    .option('--to <folder>', 'output folder', 'generated')
    .addOption(
      new Option('--format <format>', 'json: as stored in S3; parquet: a tenth of the size')
        .choices(['json', 'parquet'])
        .default('parquet'),
    )
    .action(async ({ to, format, until: day, ...options }: Options) => {
      const now = new Date().toISOString()
      const generation = { ...options, until: day === now.slice(0, 10) ? now : day }
      const started = performance.now()
      const file = await generateImages(to, generation, format)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      console.log(`${file}: ${generation.images} images in ${seconds} s`)
      console.log(`Query them with: pnpm darkroom analytics --documents ${file}`)
    })
}
