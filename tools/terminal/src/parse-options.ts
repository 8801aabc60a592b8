import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { wrapText } from './fit-text.ts'

/** The options and arguments of a command. @throws Error that says which one is wrong and what to do */
export function parseOptions<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (cause) {
    // Node's second sentence is about arguments that begin with a dash.
    const [mistake] = (cause as Error).message.split('. ')
    throw new Error(`${mistake}. Run it with --help for its options.`, { cause })
  }
}

/**
 * The options and arguments of a script whose first comment says how to use it. `--help` prints that comment, and a wrong
 * option is one line; both end the process.
 *
 * @param script its `import.meta.filename`
 */
export function scriptOptions<Config extends ParseArgsConfig>(
  script: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usageOf(readFileSync(script, 'utf8')))
    process.exit(0)
  }
  try {
    return parseOptions(config)
  } catch (error) {
    return stop((error as Error).message)
  }
}

/** Ends a script because of a mistake of its user: one line, and exit code 1. */
export function stop(mistake: string): never {
  console.error(mistake)
  process.exit(1)
}

/** The first comment of a source, in lines of up to 80 columns. Lines that are indented in it stay as they are. */
export function usageOf(source: string): string {
  const [, comment = ''] = /\/\*\*([\s\S]*?)\*\//.exec(source) ?? []
  const text = comment
    .trim()
    .replace(/^ *\* ?/gm, '')
    .replace(/ +$/gm, '')
  const paragraphs = text.replace(/^(\S.*)\n(?=\S)/gm, '$1 ').split('\n')
  return paragraphs
    .map((paragraph) => (paragraph.startsWith(' ') ? paragraph : wrapText(paragraph)))
    .join('\n')
    .trim()
}
