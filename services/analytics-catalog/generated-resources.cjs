/**
 * The resources that follow from the schema of the documents and from the questions in SQL, for serverless.yml: it reads
 * no TypeScript by itself.
 */
module.exports = async ({ resolveVariable }) => {
  const { generatedResources } = await import('./src/resources/generated-resources.ts')
  return generatedResources({
    stage: await resolveVariable('sls:stage'),
    apps: await resolveVariable('param:apps'),
    mergeDays: Number(await resolveVariable('param:mergeDays')),
    metadataRetentionDays: Number(await resolveVariable('param:metadataRetentionDays')),
  })
}
