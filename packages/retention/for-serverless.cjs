/**
 * The retention for a serverless.yml, checked when a service is packaged: `environment` for its functions, and
 * `lifecycleRules` for the bucket. The file is that of the parameter `retentionFile`.
 */
module.exports = async ({ resolveVariable }) => {
  const { lifecycleRules, readRetention, toEnvironment } = await import('./src/index.ts')
  const retention = readRetention(await resolveVariable('param:retentionFile'))
  return { environment: toEnvironment(retention), lifecycleRules: lifecycleRules(retention) }
}
