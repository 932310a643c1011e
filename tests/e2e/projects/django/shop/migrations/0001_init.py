from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("User", [("id", models.BigAutoField(primary_key=True))], options={"db_table": "users"})
    ]
