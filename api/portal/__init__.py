"""The portal: pages that read the views and post the commands of the API."""
