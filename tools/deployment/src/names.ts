/** Function names of analytics-catalog reach AWS's 64 characters with a longer stage. */
const MAX_STAGE_CHARACTERS = 20

/** @throws Error if a stage of this name could not be deployed to every region */
export function requireStageName(stage: string): void {
  if (/^[a-z0-9-]+$/.test(stage) && stage.length <= MAX_STAGE_CHARACTERS) return
  throw new Error(
    `The stage "${stage}" cannot be deployed: use 1 to ${MAX_STAGE_CHARACTERS} characters of a-z, 0-9 and "-".`,
  )
}

/**
 * The name of a function's role. It has no service in it, because IAM allows 64 characters: 20 of the stage, up to 17 of the
 * function and 14 of the region are used. Names of functions are unique among all services.
 */
export function roleName(stage: string, functionName: string, region: string): string {
  return `darkroom-${stage}-${functionName}-${region}`
}
