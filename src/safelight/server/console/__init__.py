"""The console: pages for the people who work here. Rules live in the services; pages only ask and show."""
