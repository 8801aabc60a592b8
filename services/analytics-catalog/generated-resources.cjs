/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const { generatedResources } = await import('./src/resources/generated-resources.ts')
  const { readSettings } = await import('./src/resources/settings.ts')
  return generatedResources(await readSettings(resolveVariable))
}
