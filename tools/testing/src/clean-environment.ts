/** Variables of a developer's shell that name a local stack, a deployment, settings or a kind of terminal. Tests set those that they need. */
const FOREIGN =
  /^(AWS|KAFKA|DARKROOM|POWERTOOLS)_|_PORT$|^(ALLOWED_HOSTS|APPS_FILE|BUCKET|COLUMNS|FORCE_COLOR|HEIC_DECODER|IMAGE_ENGINE|LAMBDA_ARCHITECTURE|QUEUE_URL|STAGE)$/

/** The environment for tests: a local stack that is running beside them is not theirs. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv, root: string): NodeJS.ProcessEnv {
  const own = Object.entries(environment).filter(([name]) => !FOREIGN.test(name))
  return { ...Object.fromEntries(own), LOCAL_DIR: `${root}node_modules/.cache/no-local-stack` }
}
