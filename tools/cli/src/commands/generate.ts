import { type DocumentFormat, generateImages } from '@darkroom/catalogue'
import { type Command, InvalidArgumentError, Option } from 'commander'

interface Options {
  images: number
  seed: number
  days: number
  until: string
  to: string
  format: DocumentFormat
}

/** `pnpm darkroom analytics generate`: metadata documents that are made up, to try the catalogue at any size. */
export function addGenerate(analytics: Command): void {
  analytics
    .command('generate')
    .description('make up metadata documents, as many as you like')
    .requiredOption('--images <number>', 'how many', wholeNumber)
    .option('--seed <number>', 'the same seed gives the same documents', wholeNumber, 1)
    .option('--days <number>', 'over how many days they were accepted', wholeNumber, 365)
    .option('--until <date>', 'the last of these days', date, new Date().toISOString().slice(0, 10))
    .option('--to <folder>', 'where to write them', 'generated')
    .addOption(
      new Option('--format <format>', 'json is as they lie in S3, parquet a tenth of the size')
        .choices(['json', 'parquet'])
        .default('parquet'),
    )
    .action(async ({ to, format, ...generation }: Options) => {
      const started = performance.now()
      const file = await generateImages(to, generation, format)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      console.log(`${file}: ${generation.images} images in ${seconds} s`)
      console.log(`Ask them with: pnpm darkroom analytics --documents ${file}`)
    })
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It has to be a whole number, 1 to 999999999.')
}

function date(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('It has to be a date, yyyy-mm-dd.')
}
