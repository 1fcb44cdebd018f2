<?php
$version = trim(file_get_contents(__DIR__ . '/../version'));
echo "release $version serves\n";
