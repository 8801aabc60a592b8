import { type ParseArgsConfig, parseArgs } from 'node:util'

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
