/** The stage without `--stage`: `local` for `serverless offline`, `dev` for everything else. */
module.exports.stage = process.argv.includes('offline') ? 'local' : 'dev'
