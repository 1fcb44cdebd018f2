const fs = require('fs');
const http = require('http');
const version = fs.readFileSync('version', 'utf8').trim();
const server = http.createServer((request, response) => {
  request.resume().on('end', () => response.end(`release ${version} serves\n`));
}).listen(process.env.LISTEN);
process.on('SIGTERM', () => server.close());
